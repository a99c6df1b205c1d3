"""Tools around the product: set-up, supervisor, embedded servers, assets. Nothing in app/ or channels/ imports them."""
