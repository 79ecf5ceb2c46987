"""SGLang: what it computes, and the overrides it takes."""
