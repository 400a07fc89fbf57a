"""What was earned: study hours, and what was studied on paper or at home."""
