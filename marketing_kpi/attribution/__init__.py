"""Attribution: journeys of touches, and which channels their orders are credited to."""
