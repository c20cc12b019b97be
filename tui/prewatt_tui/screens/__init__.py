"""Screens. A screen owns its state: workers and widgets post messages, its handlers act on them."""
