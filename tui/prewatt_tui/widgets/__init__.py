"""Widgets of the screens. A widget is given values and posts messages; it knows no screen and no client."""
