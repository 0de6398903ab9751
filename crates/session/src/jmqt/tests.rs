//! Dialogues: what peers send, and what each of them is sent, on both carriers and in virtual time.

mod world;

mod authenticate;
mod connect;
mod control;
mod direct;
mod encode;
mod end;
mod heartbeat;
mod malformed;
mod publish;
mod push;
mod quality;
mod resume;
mod retained;
mod subscribe;
mod unsubscribe;
