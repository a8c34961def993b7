"""Who is who: SAEs and their certificates, applications, neighbors and the ways to them."""
