"""What people and programs are told of alerts, and what people do with them."""
