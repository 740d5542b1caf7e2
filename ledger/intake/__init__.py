"""What comes in from elsewhere: tables, their columns, extracts of one day."""
