"""What the screens are made of. A widget is given values and posts messages; it knows no screen and no client."""
