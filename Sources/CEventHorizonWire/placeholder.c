int eh_placeholder;
