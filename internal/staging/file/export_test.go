package file

// SetOwner makes the store that of another user.
func SetOwner(s *Store, uid int) { s.owner = uid }
