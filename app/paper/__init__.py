"""Paper and home: issues as they are printed, and what was studied on paper or at home, as a leader recorded it."""
