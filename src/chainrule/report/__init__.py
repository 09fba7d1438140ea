"""Reports: functions from data to text and pictures."""
