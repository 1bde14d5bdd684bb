"""What happens on such a machine; each file is started by test_real_postfix.py."""
