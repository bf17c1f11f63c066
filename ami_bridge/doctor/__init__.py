"""What is wrong with the installation and how to mend it: from the rights at Asterisk to the way to the page."""
