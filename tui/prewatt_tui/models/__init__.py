"""What the platform says, as frozen values that read themselves from the JSON of the operations in `documents/`."""
