"""What a change of the network would do to a round, without training: numbers, and sliders for a notebook."""

from airfed.explorer.ground import Ground
from airfed.explorer.outlook import Outlook, Setting
from airfed.explorer.widget import Explorer, explore

__all__ = ["Explorer", "Ground", "Outlook", "Setting", "explore"]
