#pragma once

/// The whole of Stele. Each header can be included alone, too; they are listed from the ground up, and none of them
/// includes one from further down this list.

// What an event is, where it stands, and what can go wrong.
#include <stele/eventstore/causation.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/event.hpp>
#include <stele/eventstore/library_version.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/uuid.hpp>
#include <stele/eventstore/version.hpp>

// The stores.
#include <stele/eventstore/document.hpp>
#include <stele/eventstore/event_range.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/eventstore/subscription.hpp>

// Protobuf messages as events.
#include <stele/codec/codec.hpp>
#include <stele/codec/schema.hpp>
#include <stele/codec/upcast.hpp>

// Commands to events: aggregates, and what sends commands to them.
#include <stele/aggregates/aggregate.hpp>
#include <stele/testing/check_determinism.hpp>
#include <stele/commands/command_bus.hpp>
#include <stele/commands/command_error.hpp>
#include <stele/aggregates/decision.hpp>
#include <stele/commands/middleware.hpp>
#include <stele/commands/receipt.hpp>
#include <stele/aggregates/repository.hpp>
#include <stele/aggregates/snapshot.hpp>
#include <stele/aggregates/snapshot_policy.hpp>
#include <stele/testing/testing.hpp>

// Events to commands: process managers, and what runs them.
#include <stele/testing/manual_clock.hpp>
#include <stele/processes/process_manager.hpp>
#include <stele/processes/process_runner.hpp>
#include <stele/testing/process_testing.hpp>
#include <stele/processes/reaction.hpp>
#include <stele/testing/recorded.hpp>

// Events to read models: projections, and what runs them.
#include <stele/projections/dead_letter.hpp>
#include <stele/projections/effects/effect.hpp>
#include <stele/projections/memory/fold.hpp>
#include <stele/projections/inline/inline_projections.hpp>
#include <stele/projections/memory/memory_projection.hpp>
#include <stele/projections/projection.hpp>
#include <stele/projections/projection_runner.hpp>
#include <stele/projections/projection_status.hpp>
#include <stele/testing/projection_testing.hpp>
#include <stele/projections/sql/read_model.hpp>
#include <stele/projections/generations/read_model_diff.hpp>
#include <stele/projections/generations/rebuild.hpp>
#include <stele/projections/sql/sql_value.hpp>
