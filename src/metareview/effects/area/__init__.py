"""Designs and readings of counts by area that are more than one effect: displacement, pairs, controls, absolute numbers."""
