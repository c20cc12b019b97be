"""Record of the bus traffic: entries, queries, files, exports, and assertions on clients."""
