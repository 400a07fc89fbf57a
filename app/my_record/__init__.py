"""A member's own record over a period: weeks, hours, quizzes, and certificates of it."""
