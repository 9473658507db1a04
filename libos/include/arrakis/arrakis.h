// arrakis.h: all of the public API. Start with app.h; examples/udp_echo.cc is a whole program.
#pragma once

#include "arrakis/app.h"
#include "arrakis/error.h"
#include "arrakis/event.h"
#include "arrakis/polling_thread.h"
#include "arrakis/queue.h"
#include "arrakis/scheduler.h"
#include "arrakis/serve_tcp.h"
#include "arrakis/task.h"
#include "arrakis/tcp.h"
#include "arrakis/tcp_reader.h"
#include "arrakis/tcp_stream.h"
#include "arrakis/udp.h"
#include "arrakis/vnic.h"
