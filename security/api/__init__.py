"""What the APIs of all floors share: who calls, what a list may be asked, how it says no.

Nothing is imported here: REST framework loads single modules of this package while it is itself
being loaded.
"""
