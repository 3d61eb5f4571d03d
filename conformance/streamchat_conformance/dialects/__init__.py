"""What endpoints say: one folder for each dialect, and the seam through which the suite asks."""
