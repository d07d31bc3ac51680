"""Where things are: cameras, lane axes, vehicles as cuboids and how they look in a picture. Pure."""
