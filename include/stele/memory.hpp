#pragma once

/// The event store in memory.

#include <stele/eventstore/memory/memory_store.hpp>
