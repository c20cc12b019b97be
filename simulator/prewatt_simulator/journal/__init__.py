"""What went over the line: entries, queries, files, exports, and expectations on clients."""
