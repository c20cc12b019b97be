"""Commands to single meters: asked for, carried out, verified; control modes and refresh."""
