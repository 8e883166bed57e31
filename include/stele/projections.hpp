#pragma once

/// Read models: in SQL, in memory, inline, with effects. And durable subscriptions.

#include <stele/projections/dead_letter.hpp>
#include <stele/projections/effects/effect.hpp>
#include <stele/projections/generations/read_model_diff.hpp>
#include <stele/projections/generations/rebuild.hpp>
#include <stele/projections/inline/inline_projections.hpp>
#include <stele/projections/memory/fold.hpp>
#include <stele/projections/memory/memory_projection.hpp>
#include <stele/projections/projection.hpp>
#include <stele/projections/projection_runner.hpp>
#include <stele/projections/projection_runner_options.hpp>
#include <stele/projections/projection_status.hpp>
#include <stele/projections/sql/read_model.hpp>
#include <stele/projections/sql/sql_value.hpp>
#include <stele/projections/subscriptions/durable_subscription.hpp>
#include <stele/projections/subscriptions/durable_subscription_status.hpp>
#include <stele/projections/subscriptions/subscription_runner.hpp>
