#pragma once

/// The whole of Stele. Each header can be included alone, too; they are listed from the ground up, and none of them
/// includes one from further down this list.

// What an event is, where it stands, and what can go wrong.
#include <stele/causation.hpp>
#include <stele/error.hpp>
#include <stele/event.hpp>
#include <stele/library_version.hpp>
#include <stele/metadata.hpp>
#include <stele/stream.hpp>
#include <stele/uuid.hpp>
#include <stele/version.hpp>

// The stores.
#include <stele/document.hpp>
#include <stele/event_range.hpp>
#include <stele/event_store.hpp>
#include <stele/memory_store.hpp>
#include <stele/sqlite_store.hpp>
#include <stele/subscription.hpp>

// Protobuf messages as events.
#include <stele/codec.hpp>
#include <stele/schema.hpp>
#include <stele/upcast.hpp>

// Commands to events: aggregates, and what sends commands to them.
#include <stele/aggregate.hpp>
#include <stele/check_determinism.hpp>
#include <stele/command_bus.hpp>
#include <stele/command_error.hpp>
#include <stele/decision.hpp>
#include <stele/middleware.hpp>
#include <stele/receipt.hpp>
#include <stele/repository.hpp>
#include <stele/snapshot.hpp>
#include <stele/snapshot_policy.hpp>
#include <stele/testing.hpp>

// Events to commands: process managers, and what runs them.
#include <stele/manual_clock.hpp>
#include <stele/process_manager.hpp>
#include <stele/process_runner.hpp>
#include <stele/process_testing.hpp>
#include <stele/reaction.hpp>
#include <stele/recorded.hpp>

// Events to read models: projections, and what runs them.
#include <stele/dead_letter.hpp>
#include <stele/effect.hpp>
#include <stele/fold.hpp>
#include <stele/inline_projections.hpp>
#include <stele/memory_projection.hpp>
#include <stele/projection.hpp>
#include <stele/projection_runner.hpp>
#include <stele/projection_status.hpp>
#include <stele/projection_testing.hpp>
#include <stele/read_model.hpp>
#include <stele/read_model_diff.hpp>
#include <stele/rebuild.hpp>
#include <stele/sql_value.hpp>
