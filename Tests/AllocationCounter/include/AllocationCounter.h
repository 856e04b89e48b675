#pragma once

/// Number of calls of malloc and its kin in this process since its start, by any thread.
long allocation_count(void);
