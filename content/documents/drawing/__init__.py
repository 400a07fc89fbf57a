"""Slides of a PowerPoint file as pictures, drawn by ourselves: what stands where, in which colours and sizes."""
