"""What money spent on channels brings: costs, response curves by week, shares of a budget."""
