"""Who is who: boxes become vehicles with an identity, on the ground or in the picture alone. Pure."""
