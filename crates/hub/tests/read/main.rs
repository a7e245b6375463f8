//! What headquarters read: a real hub, real HTTP, a real `PostgreSQL`.

mod events;
mod house;
mod lists;
mod plans;
mod run;
mod sheets;
mod stations;
