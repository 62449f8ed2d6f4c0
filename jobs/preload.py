"""What every reading process has from its birth: imported once, in the fork server that begets them.

The model that tells languages apart takes 0.6 s to load, which each worker would pay anew.
"""

from crawler.language import language_of
from jobs import reading

__all__ = ["reading"]

language_of("Der Zug hielt an der Grenze, und die Reisenden warteten zwei Stunden auf ihre Papiere.")
