"""Commands `prewatt sim …`."""
