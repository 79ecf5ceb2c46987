/* Staircases quickly, by the same sweep and the same walk as ropecalc/base, in C.

   Nothing here is trusted: what it prints is checked by tests/tools/staircases.py.

   climb   R END X FRONTIER LINKS   the minimum base, upwards from x with distances up to a frontier
   descend R END X LEAST            the safe base, downwards from x until LEAST tokens are answered
   roomy   R END X HIGH ANSWERED    two-digit bases with 1 % of room, ascending

   An edge is a line: E context x distance...  A link is 16 bytes: x_end, witness, 0. */
/* Many at once by libmvec, to four units in the last place. */
__attribute__((simd("notinbranch"))) double cos(double);
__attribute__((simd("notinbranch"))) double sin(double);
__attribute__((simd("notinbranch"))) double exp(double);
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST 256 /* pairs */
#define COLS 128
#define ROWS 128
#define SPAN (COLS * ROWS)
#define UNIT 0x1p-53
#define FAR 1e300

static int n;
static double e[MOST];

typedef struct {
    double value, slope, curvature, max_curvature, max_third, value_error, slope_error,
        curvature_error;
} Taylor;

/* Two loops: each becomes one on vectors, as one with both would not. */
static void rotate(const double *angle, double *re, double *im) {
    for (int i = 0; i < n; i++) re[i] = cos(angle[i]);
    for (int i = 0; i < n; i++) im[i] = sin(angle[i]);
}

static Taylor taylor(double m, double x) {
    double phis[MOST], re[MOST], im[MOST];
    for (int i = 0; i < n; i++) phis[i] = m * exp(-x * e[i]);
    rotate(phis, re, im);
    double v = 0, s = 0, c = 0, p10 = 0, p11 = 0, p12 = 0, p13 = 0, p21 = 0, p22 = 0, p23 = 0,
           p32 = 0, p33 = 0;
    for (int i = 0; i < n; i++) {
        double k = e[i], phi = phis[i], q = phi * phi, kk = k * k, kkk = kk * k;
        double cosine = re[i], sine = phi * im[i];
        v += cosine, s += k * sine, c -= kk * (sine + q * cosine);
        p10 += phi, p11 += k * phi, p12 += kk * phi, p13 += kkk * phi;
        p21 += k * q, p22 += kk * q, p23 += kkk * q, p32 += kk * q * phi, p33 += kkk * q * phi;
    }
    double rounding = (n + 6) * UNIT, angle = (x + 3) * UNIT;
    return (Taylor){v, s, c, (p12 + p22) * (1 + 1e-12), (p13 + 3 * p23 + p33) * (1 + 1e-12),
                    2 * (UNIT * (x * p11 + 3 * p10) + rounding * n),
                    2 * (angle * (p11 + p21) + rounding * p11),
                    2 * (angle * (p12 + 3 * p22 + p32) + rounding * (p12 + p22))};
}

static double resolution(double x) { return 64 * UNIT * fmax(1, x); }

static double crossing(double depth, double slope, double bend) {
    double square = slope * slope + 2 * bend * depth;
    if (square < 0 || (bend <= 0 && slope <= 0)) return FAR;
    double root = sqrt(square);
    return slope > 0 ? 2 * depth / (slope + root) : (root - slope) / bend;
}

/* How far to the right of x the bound is certainly broken. */
static double reach_of(Taylor t, double x) {
    double depth = -t.value - t.value_error, slope = t.slope + t.slope_error;
    if (depth <= 0) return 0;
    double step = crossing(depth, slope, t.max_curvature), stretches[] = {3, 1.5, 1.2};
    if (step >= FAR) return FAR;
    for (int k = 0; k < 3; k++) {
        double trial = stretches[k] * step;
        double bent = t.curvature + t.curvature_error + t.max_third * trial / 3;
        step = fmax(step, fmin(trial, crossing(depth, slope, bent)));
    }
    return fmax(0, step * (1 - 2e-9) - 8 * UNIT * fmax(x, 1));
}

static int in_doubt(Taylor t, double x) {
    double span = 4 * resolution(x);
    return t.value <=
           t.value_error + (fabs(t.slope) + t.slope_error) * span + t.max_curvature * span * span;
}

/* --- many distances at once: start + (a COLS + j) stride, pairs from ``first`` on ------------- */

/* Pairs from ``slow`` on hardly turn along a row: there they are one parabola in the place t. */
#define BENT 0.01 /* of a sum: what the parabola may be off by */
static float right[2 * MOST][COLS] __attribute__((aligned(64)));
static float left[ROWS][2 * MOST] __attribute__((aligned(64)));
static float parabola[ROWS][3], place[COLS] __attribute__((aligned(64)));
static float row_re[ROWS][MOST], row_im[ROWS][MOST];
static double full_re[ROWS][MOST], full_im[ROWS][MOST], col_re[COLS][MOST], col_im[COLS][MOST];
static double theta[MOST];
static int first, slow;
static double stride, bent;
static int found, at_index[SPAN];
static float at_value[SPAN];

/* exp(i k angle) for every pair and k < size, from those of k = 1, which become those of size. */
static void powers(int size, double (*re)[MOST], double (*im)[MOST], double *cr, double *ci) {
    for (int i = 0; i < n; i++) re[0][i] = 1, im[0][i] = 0;
    for (int half = 1; half < size; half *= 2) {
        for (int k = 0; k < half; k++)
            for (int i = 0; i < n; i++) {
                re[half + k][i] = re[k][i] * cr[i] - im[k][i] * ci[i];
                im[half + k][i] = re[k][i] * ci[i] + im[k][i] * cr[i];
            }
        for (int i = 0; i < n; i++) {
            double square = cr[i] * cr[i] - ci[i] * ci[i];
            ci[i] = 2 * cr[i] * ci[i], cr[i] = square;
        }
    }
}

static void prepare(double x, int f, double step) {
    double angle[MOST], cr[MOST], ci[MOST], half = step * (COLS - 1) / 2;
    first = f, slow = n, stride = step, bent = 0;
    for (int i = 0; i < n; i++) theta[i] = exp(-x * e[i]);
    for (double turn; slow > f; bent += turn * turn * turn / 6, slow--) {
        turn = half * theta[slow - 1] * (1 + 1e-12);
        if (bent + turn * turn * turn / 6 > BENT) break;
    }
    for (int i = 0; i < n; i++) angle[i] = step * theta[i];
    rotate(angle, cr, ci);
    powers(COLS, col_re, col_im, cr, ci);
    powers(ROWS, full_re, full_im, cr, ci);
    for (int j = 0; j < COLS; j++) {
        place[j] = j * step - half;
        for (int i = f; i < slow; i++)
            right[i - f][j] = col_re[j][i], right[slow + i - 2 * f][j] = col_im[j][i];
    }
    for (int a = 0; a < ROWS; a++)
        for (int i = f; i < n; i++) row_re[a][i] = full_re[a][i], row_im[a][i] = full_im[a][i];
}

/* What single precision, the angle in double precision, and the parabola may be off by. */
static double blur(double stop, double x) {
    double phase = 0;
    int used = n - first;
    for (int i = first; i < n; i++) phase += stop * UNIT * theta[i] * (x * e[i] + 8);
    return used * (2 * used + 40) * 0x1p-24 + phase + bent + 1e-10;
}

/* The left side of the product, and the parabolas. */
static void turn_rows(double start, int rows) {
    int used = slow - first;
    double angle[MOST], re[MOST], im[MOST];
    float cs[MOST], sn[MOST];
    for (int i = 0; i < n; i++)
        angle[i] = (start + (i < slow ? 0 : stride * (COLS - 1) / 2)) * theta[i];
    rotate(angle, re, im);
    for (int i = 0; i < n; i++) cs[i] = re[i], sn[i] = im[i];
    float slope[MOST], bend[MOST];
    for (int i = slow; i < n; i++) slope[i] = -theta[i], bend[i] = -theta[i] * theta[i] / 2;
    for (int a = 0; a < ((rows + 3) & ~3); a++) {
        for (int i = first; i < slow; i++) {
            left[a][i - first] = row_re[a][i] * cs[i] - row_im[a][i] * sn[i];
            left[a][used + i - first] = -(row_re[a][i] * sn[i] + row_im[a][i] * cs[i]);
        }
        float sums[3] = {0, 0, 0};
        for (int i = slow; i < n; i++) {
            float re = row_re[a][i] * cs[i] - row_im[a][i] * sn[i];
            sums[0] += re, sums[2] += bend[i] * re;
            sums[1] += slope[i] * (row_re[a][i] * sn[i] + row_im[a][i] * cs[i]);
        }
        memcpy(parabola[a], sums, sizeof sums);
    }
}

/* Fill at_index and at_value with the values below a threshold, ascending. */
static void sift(double start, int count, float threshold) {
    int rows = (count + COLS - 1) / COLS, used = slow - first;
    turn_rows(start, rows);
    found = 0;
    __m512 bar = _mm512_set1_ps(threshold);
    static __mmask16 masks[4][8];
    static __m512 kept[4][8];
    for (int a = 0; a < rows; a += 4) {
        int any = 0;
        for (int half = 0; half < 2; half++) {
            __m512 acc[4][4];
            for (int v = 0; v < 4; v++) {
                __m512 t = _mm512_load_ps(place + 64 * half + 16 * v);
                for (int r = 0; r < 4; r++) {
                    const float *p = parabola[a + r];
                    __m512 bend = _mm512_fmadd_ps(_mm512_set1_ps(p[2]), t, _mm512_set1_ps(p[1]));
                    acc[r][v] = _mm512_fmadd_ps(bend, t, _mm512_set1_ps(p[0]));
                }
            }
            for (int k = 0; k < 2 * used; k++) {
                const float *b = right[k] + 64 * half;
                __m512 b0 = _mm512_load_ps(b), b1 = _mm512_load_ps(b + 16),
                       b2 = _mm512_load_ps(b + 32), b3 = _mm512_load_ps(b + 48);
#pragma GCC unroll 4
                for (int r = 0; r < 4; r++) {
                    __m512 l = _mm512_set1_ps(left[a + r][k]);
                    acc[r][0] = _mm512_fmadd_ps(l, b0, acc[r][0]);
                    acc[r][1] = _mm512_fmadd_ps(l, b1, acc[r][1]);
                    acc[r][2] = _mm512_fmadd_ps(l, b2, acc[r][2]);
                    acc[r][3] = _mm512_fmadd_ps(l, b3, acc[r][3]);
                }
            }
#pragma GCC unroll 4
            for (int r = 0; r < 4; r++)
#pragma GCC unroll 4
                for (int v = 0; v < 4; v++) {
                    __mmask16 mask = _mm512_cmp_ps_mask(acc[r][v], bar, _CMP_LT_OQ);
                    masks[r][4 * half + v] = mask, any |= mask;
                    kept[r][4 * half + v] = acc[r][v];
                }
        }
        if (!any) continue;
        for (int r = 0; r < 4; r++)
            for (int v = 0; v < 8; v++)
                for (unsigned mask = masks[r][v]; mask; mask &= mask - 1) {
                    int lane = __builtin_ctz(mask), index = (a + r) * COLS + 16 * v + lane;
                    if (index >= count) continue;
                    at_index[found] = index;
                    at_value[found++] = ((float *)&kept[r][v])[lane];
                }
    }
}

/* --- the sweep --------------------------------------------------------------------------------- */

#define POOL 16
#define DOUBTS 4096
static double x;
static uint32_t frontier, end_;
static FILE *links;
static long n_links, n_searches, n_blocks, n_pooled;
static uint32_t doubts[DOUBTS];
static int n_doubts;
static uint32_t pool[POOL];
static int pooled;
static double gained = 1e-9; /* x a search brings: a running mean */

static void put_link(uint32_t m) {
    struct { double x; uint32_t m, zero; } link = {x, m, 0};
    fwrite(&link, 16, 1, links);
    n_links++;
}

#define SMALL 9 /* blocks [0, 64), [64, 128), ... [8192, 16384) */
static float score[SMALL + (1 << 17)], left_over[SMALL + (1 << 17)];
static double score_x = -1;
static uint32_t score_frontier;
static int blocks;

static void bounds(int k, uint32_t *low, uint32_t *high) {
    *low = k == 0 ? 0 : k < SMALL ? 64u << (k - 1) : (uint32_t)(k - SMALL + 1) << 14;
    *high = k < SMALL ? 64u << k : *low + SPAN;
    if (*high > frontier) *high = frontier;
}

static float rank(double lowest, double stop) { return lowest < 0 ? -lowest / stop : -lowest; }

static void order(void) {
    double lasts = 0.05 * SPAN / fmax(frontier, SPAN);
    if (x >= score_x && x < score_x + lasts && frontier == score_frontier) return;
    score_x = x, score_frontier = frontier;
    blocks = frontier <= SPAN ? 0 : SMALL + (frontier - 1) / SPAN;
    if (!blocks) {
        uint32_t low, high;
        do bounds(blocks++, &low, &high); while (high < frontier);
    }
    double re[MOST], im[MOST], sr[MOST], si[MOST], smooth[MOST], varies = 0;
    for (int i = 0; i < n; i++) {
        double angle = SPAN * theta[i], middle = 1.5 * angle - theta[i] / 2;
        re[i] = cos(middle), im[i] = sin(middle), sr[i] = cos(angle), si[i] = sin(angle);
        smooth[i] = sin(angle / 2) / (angle / 2);
        varies += (1 - smooth[i] * smooth[i]) / 2;
    }
    double spread = sqrt(2 * log(SPAN)) * sqrt(varies);
    for (int k = 0; k < blocks; k++) {
        uint32_t low, high;
        bounds(k, &low, &high);
        double mean = 0, wide = spread;
        if (k < SMALL) {
            double size = high - low, middle = (high + low - 1) / 2.0, var = 0;
            for (int i = 0; i < n; i++) {
                double half = size * theta[i] / 2, flat = sin(half) / half;
                mean += cos(middle * theta[i]) * flat, var += (1 - flat * flat) / 2;
            }
            wide = sqrt(2 * log(size)) * sqrt(var);
        } else
            for (int i = 0; i < n; i++) {
                mean += re[i] * smooth[i];
                double turned = re[i] * sr[i] - im[i] * si[i];
                im[i] = re[i] * si[i] + im[i] * sr[i], re[i] = turned;
            }
        score[k] = rank(mean - wide, high);
    }
}

static double speed(void) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += theta[i] * e[i];
    return sum;
}

/* The candidate that reaches farthest, of those that break the bound; the rest go into doubts. */
static int best(double start, uint32_t *witness, double *reach, int *alone) {
    int order_[POOL], kept = 0;
    float ranks[POOL];
    for (int k = 0; k < found; k++) {
        double m = start + at_index[k];
        float value = at_value[k] / (m > 1 ? m : 1);
        if (kept == POOL && value >= ranks[POOL - 1]) continue;
        int slot = kept < POOL ? kept++ : POOL - 1;
        for (; slot && ranks[slot - 1] > value; slot--)
            ranks[slot] = ranks[slot - 1], order_[slot] = order_[slot - 1];
        ranks[slot] = value, order_[slot] = k;
    }
    *reach = 0;
    int broken = 0;
    pooled = 0;
    for (int k = 0; k < kept; k++) {
        uint32_t m = start + at_index[order_[k]];
        Taylor t = taylor(m, x);
        double far = reach_of(t, x);
        if (far > resolution(x)) {
            broken++;
            pool[pooled++] = m;
            if (far > *reach) *reach = far, *witness = m;
        }
    }
    if (broken) return *alone = broken == 1, 1;
    for (int k = 0; k < found; k++) {
        uint32_t m = start + at_index[k];
        Taylor t = taylor(m, x);
        double far = reach_of(t, x);
        if (far > resolution(x)) return *witness = m, *reach = far, *alone = 0, 1;
        if (in_doubt(t, x) && n_doubts < DOUBTS) doubts[n_doubts++] = m;
    }
    return 0;
}

/* A distance below the frontier that breaks the bound at x; else the doubts are all there are. */
static int search(uint32_t *witness, double *reach, int *alone) {
    n_searches++;
    prepare(x, 0, 1);
    order();
    memcpy(left_over, score, blocks * sizeof *score);
    n_doubts = 0;
    double slope = 4 * resolution(x) * speed();
    for (int done = 0; done < blocks; done++) {
        int top = 0;
        float highest = -3e38f;
        for (int k = 0; k < blocks; k++)
            if (left_over[k] > highest) highest = left_over[k], top = k;
        left_over[top] = -3.2e38f;
        uint32_t low, high;
        bounds(top, &low, &high);
        sift(low, high - low, blur(high, x) + slope * high);
        n_blocks++;
        if (found && best(low, witness, reach, alone)) return 1;
    }
    return 0;
}

static void follow(uint32_t m, double reach, int alone) {
    double start = x;
    while (reach > resolution(x)) {
        x += reach;
        put_link(m);
        if (x > 690 || (!alone && reach < 0.1 * (x - start))) break;
        reach = reach_of(taylor(m, x), x);
    }
}

/* Go on with what the last search found, as long as that pays. */
static void use_pool(void) {
    while (pooled) {
        double farthest = 0;
        int top = 0, kept = 0;
        for (int k = 0; k < pooled; k++) {
            double reach = reach_of(taylor(pool[k], x), x);
            if (reach <= resolution(x)) continue;
            pool[kept] = pool[k];
            if (reach > farthest) farthest = reach, top = kept;
            kept++;
        }
        pooled = kept;
        if (farthest < 0.1 * gained) return;
        n_pooled++;
        follow(pool[top], farthest, 0);
    }
}

/* The first certain violation from a distance on, and the doubts before it; else the end. */
static uint32_t beyond(uint32_t from) {
    double slope = 4 * resolution(x) * speed();
    for (uint32_t low = from; low < end_; low += SPAN) {
        uint32_t high = end_ - low < SPAN ? end_ : low + SPAN;
        sift(low, high - low, blur(high, x) + slope * high);
        for (int k = 0; k < found; k++) {
            uint32_t m = low + at_index[k];
            Taylor t = taylor(m, x);
            if (reach_of(t, x) > resolution(x)) return m;
            if (in_doubt(t, x) && n_doubts < DOUBTS) doubts[n_doubts++] = m;
        }
    }
    return end_;
}

static void put_edge(uint32_t context, const uint32_t *distances, int count) {
    printf("E %u %a", context, x);
    for (int k = 0; k < count; k++) printf(" %u", distances[k]);
    printf("\n");
    fflush(stdout);
}

static void climb(void) {
    while (1) {
        uint32_t witness = 0;
        double reach, start = x;
        int alone;
        if (!search(&witness, &reach, &alone)) {
            uint32_t violation = beyond(frontier);
            for (int k = 0; k < n_doubts; k++) {
                Taylor t = taylor(doubts[k], x);
                if (x > 0 && t.slope <= t.slope_error + t.max_curvature * 4 * resolution(x))
                    printf("W %u does not rise at %a\n", doubts[k], x);
            }
            put_edge(violation, doubts, n_doubts);
            put_link(0xffffffffu);
            fprintf(stderr, "%.1f s: %u at x = %.6f; %ld links, %ld searches, %ld blocks, %ld pooled\n",
                    clock() / (double)CLOCKS_PER_SEC, violation, x, n_links, n_searches, n_blocks,
                    n_pooled);
            if (violation == end_) return;
            frontier = violation + 1;
            pooled = 0;
            follow(violation, reach_of(taylor(violation, x), x), 1);
            continue;
        }
        follow(witness, reach, alone);
        use_pool();
        gained += ((x - start) - gained) / 64;
        if (x > 690) return;
    }
}

/* --- the walk ----------------------------------------------------------------------------------- */

static long n_halves, n_steps, n_boxes, n_failed, n_single;

typedef struct { double base, square; } Bend;

/* Bounds on |g''|: m base + m^2 square, for thetas no larger than those at an x. */
static Bend bend_at(double y) {
    Bend b = {0, 0};
    for (int i = 0; i < n; i++) {
        double k = e[i], t = exp(-y * k) * k;
        b.base += t * k, b.square += t * t;
    }
    b.base *= 1 + 1e-12, b.square *= 1 + 1e-12;
    return b;
}

/* How far g of m is certainly positive, given g and g' along the way, less their errors. */
static double keeps(double m, double height, double slope, Bend b) {
    if (height <= 0) height = 0;
    double bend = m * (b.base + m * b.square);
    double root = sqrt(slope * slope + 2 * bend * height);
    double reach = slope > 0 ? (slope + root) / bend : 2 * height / (root - slope + 1e-300);
    return reach * (1 - 1e-9);
}

/* Follow one distance from y by at most h; where it falls to zero, about there; else beyond. */
static double alone_to(double m, int way, double y, double h, Bend b) {
    double goal = y + way * h;
    n_single++;
    for (long k = 0; k < 100000; k++) {
        Taylor t = taylor(m, y);
        double step = keeps(m, t.value - t.value_error, way * t.slope - t.slope_error, b);
        step -= 8 * UNIT * fmax(1, x);
        if (step <= 4 * resolution(x)) return y;
        y += way * step;
        if ((goal - y) * way <= 0) return goal + way;
    }
    fprintf(stderr, "distance %.0f holds up the walk at %a\n", m, y);
    exit(1);
}

/* The box and the length of a step that get on fastest: now one, now the other is changed a little,
   and left so where that pays. */
static int box = 8, saved_box;
static double trial = 1e-7, saved_trial, rate, gone, spent;
static int change = -1, turn, taken;

static void alter(void) {
    saved_box = box, saved_trial = trial;
    if (change == 0) trial *= 1.4;
    if (change == 1) trial /= 1.4;
    if (change == 2 && box < 512) box *= 2;
    if (change == 3 && box > 1) box /= 2;
    trial = fmin(1, fmax(trial, 64 * resolution(x)));
}

static void tune(double step, double seconds) {
    gone += step, spent += seconds;
    if (++taken < 64 && spent < 0.02) return;
    double now = gone / spent;
    gone = spent = taken = 0;
    if (change >= 0 && now > 1.03 * rate)
        rate = now, alter();
    else if (change >= 0)
        box = saved_box, trial = saved_trial, change = -1;
    else
        rate = now, change = turn++ % 4, alter();
}

/* What a box of distances and a step cover: a pair turns by at most delta from what it is in their
   middle, so that its cosine is at least cos(angle) cos(delta) - |sin(angle)| sin(delta), and -1
   where the angle comes as near as that to pi. A box that may reach zero is halved. */
#define LEVELS 10
static double cosine[LEVELS][MOST], sine[LEVELS][MOST];       /* of delta */
static double quarter_re[LEVELS][MOST], quarter_im[LEVELS][MOST]; /* to the middle of a half */
static double fastest[MOST];                                  /* thetas, at most */
static uint32_t single[512];
static int singles;

static void cover(double top, double h) {
    double angle[MOST];
    for (int k = 0; k < LEVELS && 1 << k <= box; k++) {
        for (int i = 0; i < n; i++) {
            double delta = fastest[i] * ((1 << k) - 1) / 2 + top * fastest[i] * e[i] * h / 2;
            angle[i] = fmin(M_PI, delta);
        }
        rotate(angle, cosine[k], sine[k]);
    }
}

/* Gather the distances of a box, whose middle has these cosines and sines, that may reach zero. */
static void narrow(int level, uint32_t low, const double *re, const double *im, double error) {
    double least = 0;
    for (int i = 0; i < n; i++) {
        double lower = re[i] * cosine[level][i] - fabs(im[i]) * sine[level][i];
        least += re[i] <= -cosine[level][i] ? -1 : lower;
    }
    if (least > error) return;
    if (!level) {
        single[singles++] = low;
        return;
    }
    double first_re[MOST], first_im[MOST], last_re[MOST], last_im[MOST];
    const double *qr = quarter_re[level], *qi = quarter_im[level];
    for (int i = 0; i < n; i++) {
        first_re[i] = re[i] * qr[i] + im[i] * qi[i], first_im[i] = im[i] * qr[i] - re[i] * qi[i];
        last_re[i] = re[i] * qr[i] - im[i] * qi[i], last_im[i] = im[i] * qr[i] + re[i] * qi[i];
    }
    narrow(level - 1, low, first_re, first_im, error);
    narrow(level - 1, low + (1u << (level - 1)), last_re, last_im, error);
}

/* The same where h may be long: halves that surely keep the bound are left out. */
static double zero_of(double m, int way, double y, double h, Bend b, double error) {
    double middle = y + way * h / 2, least = 0, pace = 0;
    double angle[MOST], re[MOST], im[MOST], delta[MOST], c[MOST], s[MOST];
    n_halves++;
    for (int i = 0; i < n; i++) {
        angle[i] = m * exp(-middle * e[i]);
        delta[i] = fmin(M_PI, angle[i] * e[i] * h / 2 * exp(e[i] * h / 2) * (1 + 1e-12));
    }
    rotate(angle, re, im), rotate(delta, c, s);
    for (int i = 0; i < n; i++) {
        double lower = re[i] * c[i] - fabs(im[i]) * s[i];
        least += re[i] <= -c[i] ? -1 : lower;
        pace += angle[i] * e[i];
    }
    if (least > error) return y + 2 * way * h;
    if (pace * h < 2) return alone_to(m, way, y, h, b);
    double zero = zero_of(m, way, y, h / 2, b, error);
    if ((zero - middle) * way < 0) return zero;
    return zero_of(m, way, middle, h / 2, b, error);
}

/* A step that was tried too long. */
#define PATIENCE 20000 /* halves of single distances: a twentieth of a second */
static void give_up(double h) {
    if (change >= 0) box = saved_box, h = fmin(h, saved_trial);
    trial = h / 2, change = -1, gone = spent = taken = 0;
}

/* One step of the walk below a context, at most so long; the distance that ends it, else 0. */
static uint32_t walk(uint32_t context, int way, double most) {
    double h = fmin(trial, most), middle = x + way * h / 2, half = (box - 1) / 2.0;
    double limit = h, nearest_at = 0;
    clock_t begun = clock();
    long halves = n_halves;
    n_steps++;
    for (int i = 0; i < n; i++) fastest[i] = exp(-(middle - h / 2) * e[i]) * (1 + 1e-12);
    int f = 0, level = __builtin_ctz(box);
    double still = 0, speeds = 0;
    for (int i = 0; i < n; i++)
        if (fastest[i] * half + context * fastest[i] * e[i] * h / 2 >= 1) f = i + 1;
    if (f == n) return trial = h / 2, 0;
    for (int i = f; i < n; i++) still += fastest[i] * half, speeds += fastest[i] * e[i] / 2;
    Bend b = bend_at(middle - h / 2);
    prepare(middle, f, box);
    for (int k = 1; k <= level; k++)
        for (int i = 0; i < n; i++) {
            double angle = theta[i] * (1 << k) / 4;
            quarter_re[k][i] = cos(angle), quarter_im[k][i] = sin(angle);
        }
    uint32_t nearest = 0;
    double wide = (double)SPAN * box;
    for (double top = context; top > 0; top -= wide) {
        double low = fmax(0, top - wide), phase = 0;
        int count = ceil((top - low) / box);
        n_boxes += count;
        sift(low + half, count, f + still + speeds * top * h + blur(top, x));
        n_failed += found;
        if (found) cover(top, h);
        double angle[MOST], from_re[MOST], from_im[MOST];
        for (int i = 0; i < n; i++) {
            phase += top * UNIT * theta[i] * (x * e[i] + 8);
            angle[i] = (low + half) * theta[i];
        }
        rotate(angle, from_re, from_im);
        for (int k = 0; k < found; k++) {
            int a = at_index[k] / COLS, j = at_index[k] % COLS;
            double m0 = low + (double)at_index[k] * box, re[MOST], im[MOST];
            for (int i = 0; i < n; i++) {
                double cr = full_re[a][i] * col_re[j][i] - full_im[a][i] * col_im[j][i];
                double ci = full_re[a][i] * col_im[j][i] + full_im[a][i] * col_re[j][i];
                re[i] = cr * from_re[i] - ci * from_im[i];
                im[i] = cr * from_im[i] + ci * from_re[i];
            }
            if (n_halves - halves > PATIENCE) return give_up(h), 0;
            singles = 0;
            narrow(level, m0, re, im, phase + 1e-8);
            for (int j = 0; j < singles; j++) {
                uint32_t m = single[j];
                if (m < 1 || m >= context) continue;
                double y = zero_of(m, way, x, limit, b, phase + 1e-9);
                if ((x + way * limit - y) * way < 0) continue;
                nearest = m, nearest_at = y, limit = fmin(limit, fabs(y - x));
            }
        }
    }
    if (nearest) {
        gone = spent = taken = 0;
        x = nearest_at;
        return nearest;
    }
    x = fmax(0, x + way * fmax(0, h - 8 * UNIT * fmax(1, x)));
    if (h == trial) tune(h, (clock() - begun) / (double)CLOCKS_PER_SEC);
    return 0;
}

static void tell(const char *what, uint32_t context) {
    fprintf(stderr, "%.1f s: %s %u at x = %.6f; step %.2g box %d, %ld steps, %ld boxes, %ld failed, %ld alone, %ld halves\n",
            clock() / (double)CLOCKS_PER_SEC, what, context, x, trial, box, n_steps, n_boxes, n_failed,
            n_single, n_halves);
}

static void descend(uint32_t least) {
    uint32_t context = end_;
    for (long k = 1; x > 0 && context > least && context > 1; k++) {
        uint32_t zero = walk(context, -1, x);
        if (zero) put_edge(context, &zero, 1), context = zero, tell("down to", context);
        else if (k % 100 == 0) tell("still", context);
    }
    if (x <= 0) put_edge(context, 0, 0);
}

static uint32_t first_violation(double base, uint32_t end) {
    double before = x;
    x = log(base);
    prepare(x, 0, 1);
    for (double low = 0; low < end; low += SPAN) {
        double high = fmin(end, low + SPAN);
        sift(low, high - low, blur(high, x));
        for (int k = 0; k < found; k++) {
            Taylor t = taylor(low + at_index[k], x);
            if (fabs(t.value) <= t.value_error) printf("W %.0f in doubt at base %a\n", low + at_index[k], base);
            if (t.value < 0) return x = before, low + at_index[k];
        }
    }
    return x = before, end;
}

static uint32_t room(double base, uint32_t answered) {
    double probes[] = {1, 1.01, 0.99, 1.005, 0.995};
    uint32_t context = end_;
    if (base * 0.99 <= 1) return 0;
    for (int k = 0; k < 5; k++)
        if ((context = first_violation(base * probes[k], context)) <= answered) return context;
    x = log(base) + log1p(-0.01);
    double high = log(base) + log1p(0.01);
    while (x < high && context > (answered > 1 ? answered : 1)) {
        uint32_t zero = walk(context, 1, high - x + 64 * UNIT * fmax(1, x));
        if (zero && x >= high) break;
        if (zero) context = zero;
    }
    return context;
}

static void roomy(double low, double high, uint32_t answered) {
    for (int tens = (int)floor(low / log(10)); tens < 300; tens++)
        for (int digits = 10; digits < 100; digits++) {
            char text[32];
            sprintf(text, "%d.%de%d", digits / 10, digits % 10, tens);
            double base = atof(text);
            if (log(base) < low || base <= 1.05) continue;
            if (log(base) >= high || answered >= end_) return;
            trial = fmax(trial, 1e-9);
            uint32_t context = room(base, answered);
            if (context <= answered) continue;
            x = log(base);
            uint32_t distance = context < end_ ? context : 0;
            printf("E %u %s %u\n", context, text, distance);
            fflush(stdout);
            tell("up to", answered = context);
        }
}

int main(int count, char **arguments) {
    if (count < 6) return fprintf(stderr, "see the first comment\n"), 2;
    int dim = atoi(arguments[2]);
    n = dim / 2;
    for (int i = 0; i < n; i++) e[i] = 2.0 * i / dim;
    end_ = strtoul(arguments[3], 0, 10);
    x = strtod(arguments[4], 0);
    if (getenv("BOX")) box = atoi(getenv("BOX"));
    if (*arguments[1] == 'c') {
        frontier = strtoul(arguments[5], 0, 10);
        links = fopen(arguments[6], "wb");
        climb();
        fclose(links);
    } else if (*arguments[1] == 'd')
        descend(strtoul(arguments[5], 0, 10));
    else
        roomy(x, strtod(arguments[5], 0), strtoul(arguments[6], 0, 10));
    return 0;
}
