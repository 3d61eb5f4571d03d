"""What is sent when: named profiles, their parameters and the plans that they make."""
