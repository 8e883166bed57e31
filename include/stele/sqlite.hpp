#pragma once

/// The event store in an SQLite file.

#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/eventstore/sqlite/upgrade.hpp>
