"""What ours is measured against: other servers, attacks, explanations and drift reports."""
