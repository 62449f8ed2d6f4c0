"""WebSub (W3C Recommendation of 2018): hubs push what a feed publishes, so that it is asked for at once.

A push only makes its source due at once: the feed itself is then fetched as ever, so nothing that is pushed is
trusted, and whatever is lost on the way comes with the next poll.
"""
