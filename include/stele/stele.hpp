#pragma once

/// All of Stele but what is for tests (stele/testing.hpp). Floor by floor: no header includes one of a later wing.

#include <stele/aggregates.hpp>
#include <stele/codec.hpp>
#include <stele/commands.hpp>
#include <stele/eventstore.hpp>
#include <stele/memory.hpp>
#include <stele/processes.hpp>
#include <stele/projections.hpp>
#include <stele/sqlite.hpp>
