"""Phone books on desk telephones: the forms of many makers, and LDAP."""
