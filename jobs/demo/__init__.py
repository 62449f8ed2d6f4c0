"""A bundled newsroom on loopback, and the show that the real crawler gives with it (`borderwatch demo`)."""
