#include "CCPU.h"
