"""The National Public Service Portal's synchronisation service (`/mapi/login`, `/mapi/g`) as a sandbox."""
