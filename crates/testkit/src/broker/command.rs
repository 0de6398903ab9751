//! The command that runs a broker.

use std::process::{Command, Stdio};

use super::{Broker, CONFIG, MAIN};
use crate::{certificate::Certificate, clock, launch::Launch, port::Port};

impl Broker {
    /// Makes the command, with all that the launch has said of it.
    pub(super) fn command(&self) -> Command {
        let Launch { program, settings, has_certificate, is_embedded, .. } = &self.launch;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RIALTO_") {
                command.env_remove(name);
            }
        }
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] {
            command.env_remove(name);
        }
        command.envs(self.launch.environment.iter().cloned());
        if self.launch.has_clock {
            clock::give(&mut command, self.files.path());
        }
        if *is_embedded {
            for setting in self.embedded_settings() {
                command.arg("--set").arg(setting);
            }
        } else {
            self.add_arguments(&mut command, *has_certificate);
        }
        for setting in settings {
            command.arg("--set").arg(setting);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn add_arguments(&self, command: &mut Command, has_certificate: bool) {
        command.args(["serve", "--log-format", "json", "--data-dir"]).arg(self.data_dir());
        if has_certificate {
            let Certificate { certificate_file, key_file, .. } = &self.certificate;
            command.arg("--tls-certificate").arg(certificate_file).arg("--tls-key").arg(key_file);
        }
        if self.launch.config.is_some() {
            command.arg("--config").arg(self.files.path().join(CONFIG));
        }
        for (name, Port { address, .. }) in &self.ports {
            if name == MAIN {
                command.arg("--listen").arg(address.to_string());
            } else {
                command.arg("--set").arg(format!("listeners.{name}.address={address}"));
            }
        }
    }

    fn embedded_settings(&self) -> Vec<String> {
        let Certificate { certificate_file, key_file, .. } = &self.certificate;
        let mut settings = vec![
            "log.format=json".to_owned(),
            format!("server.data_dir={}", self.data_dir().display()),
        ];
        if self.launch.has_certificate {
            settings.push(format!("tls.certificate={}", certificate_file.display()));
            settings.push(format!("tls.key={}", key_file.display()));
        }
        let listener =
            |(name, port): (&String, &Port)| format!("listeners.{name}.address={}", port.address);
        settings.extend(self.ports.iter().map(listener));
        settings
    }
}
