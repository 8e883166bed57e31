#pragma once

/// Aggregates: state, rules, and what they decide.

#include <stele/aggregates/aggregate.hpp>
#include <stele/aggregates/decision.hpp>
#include <stele/aggregates/decision_model.hpp>
#include <stele/aggregates/load.hpp>
#include <stele/aggregates/load_model.hpp>
#include <stele/aggregates/repository.hpp>
#include <stele/aggregates/snapshot.hpp>
#include <stele/aggregates/snapshot_policy.hpp>
#include <stele/eventstore/rejection.hpp>
