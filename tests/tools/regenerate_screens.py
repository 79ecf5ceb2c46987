"""Write the screens that ``test_screens.py`` compares.

python -m tests.tools.regenerate_screens
"""

from __future__ import annotations

from tests.tools.screens import FOLDER, taken


def main() -> None:
    """Write every screen, remove those that are no more, and say which changed."""
    FOLDER.mkdir(exist_ok=True)
    left = {path.name for path in FOLDER.glob("*.txt")}
    for name, text in taken().items():
        path = FOLDER / name
        left.discard(name)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(name, "written")
    for name in left:
        (FOLDER / name).unlink()
        print(name, "removed")


if __name__ == "__main__":
    main()
