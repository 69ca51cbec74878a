"""Engines that are servers."""
