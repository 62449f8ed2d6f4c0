"""Listings: from the bytes of a feed, sitemap, section page or channel to entries. Pure throughout."""
