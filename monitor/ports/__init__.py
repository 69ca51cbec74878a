"""Seams between the moving parts and the world: Protocols, and the values that cross them.

Storage methods block and are called from worker threads (`asyncio.to_thread`); engine methods
are coroutines and never block the event loop.
"""
