package sender

import "time"

func (s *Sender) overflows(time.Time) bool { return false }
