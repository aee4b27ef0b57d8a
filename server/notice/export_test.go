package notice

// Settle waits until what is being sent was sent.
func (s *Service) Settle() { s.sending.wait() }
