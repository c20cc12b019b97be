"""Price plans: what a unit of energy or water costs, where and when."""
