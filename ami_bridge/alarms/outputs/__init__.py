"""Where else alarms are told, at least once and without ever holding them up: mail, a chat, somebody who watches us."""
